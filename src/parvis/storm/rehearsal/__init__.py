"""The rehearsal: the same event, in full size, with synthetic people and planned faults.

::

    script.py     which faults, in which order             timeline.py   when everything happens
    house.py      control, asked as a client would         troupe.py     the speakers, who take turns
    probe.py      one listener who writes all down         audience.py   the crowd, from the director's side
    crowd_process.py  the crowd's own process              own.py        a Parvis that the rehearsal started
    evening.py    who takes part, and what is measured     faults.py     how each fault is made, and awaited
    director.py   everything in order, each step bounded   limits.py     what was promised, and what was heard
    result.py     what came out, as one object             page.py       the same as a page

Nothing here asks a Parvis for anything that a stranger could not: the people are accounts, the sound is
WebRTC, the crowd is a storm. Only a Parvis that the rehearsal started itself has processes killed
(`own.py`).
"""
