"""Lock files (PEP 751): the exact versions and hashes of an environment; read, written and compared."""
