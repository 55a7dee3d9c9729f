"""How processes talk: publications with retained last values, and requests."""
