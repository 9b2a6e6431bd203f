"""Device code as text: the leaf field arithmetic from one carry-chain description, programs, and the modules made of them."""
