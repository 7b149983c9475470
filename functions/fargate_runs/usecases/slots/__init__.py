"""The slots of jobs: who may begin, who waits, and whose turn is next. The table is in jobs/slots.py."""
