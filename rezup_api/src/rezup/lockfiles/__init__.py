"""Lock files (PEP 751): exact versions and hashes of what an environment holds, read, written and compared."""
