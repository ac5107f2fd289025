"""What every shell's writer of code can do."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rezup.shells.actions import Action


class ShellCode(ABC):
    """Writes actions as the text of one kind of shell.

    Data stays data: literal parts reach the variable to the letter, in expandable ones only ``$VAR``
    and ``${VAR}`` mean something. Where a shell can't hold a value it is an error, not another value.
    """

    file_extension: ClassVar[str]
    """Without the dot."""

    @abstractmethod
    def write(self, actions: Iterable[Action]) -> str:
        """The text, with a line end after the last action.

        :raises LaunchError: this shell can't be told one of the actions
        """
