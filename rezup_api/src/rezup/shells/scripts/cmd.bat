@rem First command of an interactive cmd in a container; AutoRun has been run by now.
@rem Each line hides itself, so that the echo of the session stays as it was.

@rem The revision's folders first on PATH. If they are, the rest behind them completes PATH.
@if not defined _REZUP_BIN goto prompt
@setlocal EnableExtensions EnableDelayedExpansion
@set "_REZUP_REST=!PATH:*%_REZUP_BIN%=!"
@if /I "!_REZUP_BIN!!_REZUP_REST!"=="!PATH!" endlocal & goto prompt
@endlocal
@set "PATH=%_REZUP_BIN%;%PATH%"

:prompt
@if not defined PROMPT set "PROMPT=$P$G"
@if defined _REZUP_PROMPT set "PROMPT=%_REZUP_PROMPT%%PROMPT%"

@set "_REZUP_BIN="
@set "_REZUP_COMPLETION="
@set "_REZUP_PROMPT="
@set "_REZUP_SCRIPT="
