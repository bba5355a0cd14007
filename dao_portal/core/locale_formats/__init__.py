"""How dates are written where Django writes them (the admin): as on the portal's own pages."""
