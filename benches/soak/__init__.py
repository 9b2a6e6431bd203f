"""The long forms of the tests of reliability, as scripts."""
