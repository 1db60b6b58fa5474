"""Pictures and videos of the world, read without trust."""
