"""The use cases on AWS, put together for the handlers. Each handler makes what it needs once for a process.

A handler imports the module that has its use case, and no other. What only some events need is imported where it is put
together, adapters always: `judge_task` loads no SDK before it reads a log.
"""
