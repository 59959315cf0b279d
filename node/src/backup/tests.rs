mod container;
mod whole;
