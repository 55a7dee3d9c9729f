"""The domain of Spaces: lifecycle, seats, roles and the rules of who may do what."""
