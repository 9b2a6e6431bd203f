"""What `make test-node` needs of the test vectors."""
