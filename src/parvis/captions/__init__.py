"""Captions by a machine: a process that hears programs as listeners do, and says in words what was said.

It decodes the Opus parts of the bus, cuts them where people pause, has them recognised one after the other,
and hands the words to the stage. Nothing waits for it: it runs at idle priority, and what it cannot follow it
leaves out and says so (docs/decisions/, "Captions").
"""
