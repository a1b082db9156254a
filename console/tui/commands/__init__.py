"""Commands: one class is the key, the palette's entry, the footer's word, the tooltip and the help.

A command's docstring is its explanation everywhere. Its id is what `[screen.keys]` of the configuration
names to give it another key. What one screen alone can do stands in the file named like the screen.
"""

from console.tui.commands.base import Command as Command
from console.tui.commands.base import ScreenCommand as ScreenCommand
from console.tui.commands.table import BY_ID as BY_ID
from console.tui.commands.table import COMMANDS as COMMANDS
from console.tui.commands.table import bindings as bindings
from console.tui.commands.table import key_word as key_word
from console.tui.commands.table import on_screen as on_screen
from console.tui.commands.table import palette as palette
from console.tui.commands.table import unknown_ids as unknown_ids
