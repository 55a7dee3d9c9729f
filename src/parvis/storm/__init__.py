"""The load generator: many real listeners from one machine, each of whom knows what it heard.

::

    plan.py       what was asked for, and who does it     target.py     whom it is aimed at
    curve.py      when listeners arrive                   request.py    what a listener asks
    sockets.py    connections from many addresses         wire.py       bytes of an answer, read
    memo.py       bytes seen before, recognised           players.py    what each listener has heard
    habits.py     who comes back, and when                schedule.py   what is due
    crowd.py      the listeners of one process            worker.py     that process, and its turns
    lines.py      how they read and write: plain, or TLS
    histogram.py  spread of many values in little room    counts.py     what a worker tells its parent
    fleet.py      the workers, started and gathered       verdict.py    was it good
    summary.py    the result as one object                report.py     the result as a page
    plots.py      its pictures                            report_style.py  its looks

A listener costs an entry in a few flat arrays and one descriptor. All of a Space's listeners get the same
bytes, so each distinct burst is read once, and known again by comparing it whole (`memo.py`).
"""
