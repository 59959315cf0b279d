mod container;
mod forged;
mod whole;
