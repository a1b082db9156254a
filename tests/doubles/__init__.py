"""Stand-ins for parts that are slow or need hardware: same ports, real sampling, no model."""
