"""A large community beside the demo's small one, for load tests: ``seed_demo --members N ...``.

Everything passes the database's own guards, and results come from the code that closes or imports
proposals. Four things differ from a community that grew by itself:

- Power is counted for everybody on one open vote only, by the real opening, which also tells
  everybody. On the others it is counted for as many members as the votes need: a million rows for
  each proposal would fill a disk and show nothing new. ``total_power`` and quorum are those of whom
  was counted.
- What is decided was not decided here: like an import, it came in closed.
- Votes on what is open are dated today, as the guard dates every vote; votes and comments leave no
  audit entries. Joining does, and so do openings and imports.
- Nobody meant it: texts repeat.
"""
