"""An independent simulator of the federation's charter, written from docs/protocol.md, and the cases it is used for."""
