"""The demo community "Commons": its people, what they propose, and how they vote.

``people`` and the ``..._texts`` are what a reader may want to change; ``seeding`` puts them into
the database through the services. Nobody in here exists.
"""
