# First command of an interactive fish in a container; all configuration has been read by now.

# The revision's folders first on PATH, and nowhere else in it.
if set -q _REZUP_BIN
    set -l folders (string split -- : $_REZUP_BIN)
    set -l rest
    for folder in $PATH
        contains -- $folder $folders; or set rest $rest $folder
    end
    set -gx PATH $folders $rest
end

# Rez has no script for fish; its tools are those in the revision's folders.
if set -q _REZUP_COMPLETION
    function _rezup_rez_complete
        set -lx COMP_LINE (commandline)
        set -lx COMP_POINT (commandline -C)
        _rez-complete 2>/dev/null | string split -n ' '
    end
    for tool in (string split -- : $_REZUP_BIN)/{rez,rezolve,rez-*}
        test -x $tool; and complete -c (string replace -r '.*/' '' -- $tool) -a '(_rezup_rez_complete)'
    end
end

set -e _REZUP_BIN
set -e _REZUP_COMPLETION
set -e _REZUP_SCRIPT

if not functions -q fish_prompt
    function fish_prompt
        echo '> '
    end
end
# Configuration written for rezup 2 shows the text itself.
if not string match -q '*REZUP_PROMPT*' -- (functions fish_prompt)
    functions -e _rezup_user_prompt
    functions -c fish_prompt _rezup_user_prompt
    function fish_prompt
        # One command, for the user's prompt to see the status of theirs and not of one of ours.
        printf %s "$REZUP_PROMPT" (_rezup_user_prompt | string collect)
    end
end
