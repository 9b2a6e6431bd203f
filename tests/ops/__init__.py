"""Host functions, engine by engine, against Dusk's own answers."""
