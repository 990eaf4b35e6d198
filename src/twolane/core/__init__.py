"""Pure rules of the engine: types, transition tables, routing, packing, identity, money."""
