"""What each day came to: how its time went, what was earned, what electricity it took, which limits are near.

The pure parts (`calendar`, `timeline`, `power`, `limits`, `differences`) know no clock and no file; `Daybook`
feeds them once a second and writes down what must outlive the agent. No network and no engine may enter: all
of it rests on the node's own journal and on what the board shows.
"""

from console.agent.daybook.daybook import Daybook as Daybook
