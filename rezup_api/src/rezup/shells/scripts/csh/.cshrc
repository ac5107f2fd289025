# Start-up file of an interactive tcsh or csh in a container, found through HOME.

if ($?_REZUP_HOME) then
    # This sets `home` as well; `set home` would run commands that stand in what it holds.
    setenv HOME "$_REZUP_HOME:q"
else
    unsetenv HOME
    unset home
endif
# Shell variables from here on: what the user's file starts must not inherit them.
set _rezup_bin = ""
set _rezup_completion = ""
set _rezup_prompt = ""
# Never on one line with the test: csh expands such a line before it tests.
if ($?_REZUP_BIN) then
    set _rezup_bin = "$_REZUP_BIN"
endif
if ($?_REZUP_COMPLETION) then
    set _rezup_completion = "$_REZUP_COMPLETION"
endif
if ($?_REZUP_PROMPT) then
    set _rezup_prompt = "$_REZUP_PROMPT"
endif
unsetenv _REZUP_HOME
unsetenv _REZUP_BIN
unsetenv _REZUP_COMPLETION
unsetenv _REZUP_PROMPT

# As the shell does: .tcshrc where tcsh finds one, .cshrc otherwise.
if ($?HOME) then
    if ($?tcsh && -r "$HOME/.tcshrc") then
        source "$HOME/.tcshrc"
    else if (-r "$HOME/.cshrc") then
        source "$HOME/.cshrc"
    endif
endif

# The revision's folders first on PATH, and nowhere else in it. Setting PATH is how csh splits.
if ("$_rezup_bin" != "") then
    set _rezup_path = ($path:q)
    setenv PATH "$_rezup_bin"
    set _rezup_folders = ($path:q)
    set _rezup_rest = ()
    foreach _rezup_folder ($_rezup_path:q)
        set _rezup_keep = 1
        foreach _rezup_first ($_rezup_folders:q)
            if ("$_rezup_folder" == "$_rezup_first") set _rezup_keep = 0
        end
        if ($_rezup_keep) set _rezup_rest = ($_rezup_rest:q "$_rezup_folder")
    end
    set path = ($_rezup_folders:q $_rezup_rest:q)
    unset _rezup_path _rezup_folders _rezup_folder _rezup_first _rezup_rest _rezup_keep
endif

if ("$_rezup_completion" != "") then
    source "$_rezup_completion"
endif

# The text in the codes of tcsh; csh has none but "!". Start-up files written for rezup 2 put it into
# the prompt themselves.
if ($?prompt && $?REZUP_PROMPT) then
    if ("$prompt:q" !~ *REZUP_PROMPT* && "$prompt:q" !~ *"$REZUP_PROMPT:q"*) then
        if ($?tcsh) then
            set prompt = "$_rezup_prompt:q$prompt:q"
        else
            set prompt = "$REZUP_PROMPT$prompt"
        endif
    endif
endif

# In tcsh before each prompt too, behind what the user has there, as that may set the prompt anew. An
# alias of several lines can't be read back, and stays alone.
if ($?tcsh && "$_rezup_prompt" != "") then
    set _rezup_precmd = "`alias precmd`"
    if ($#_rezup_precmd < 2) then
        set _rezup_mark = 'if ("$prompt:q" !~ *REZUP_PROMPT* && "$prompt:q" !~ *"$REZUP_PROMPT:q"* && "$prompt:q" !~ *"$_rezup_prompt:q"*) set prompt = "$_rezup_prompt:q$prompt:q"'
        alias _rezup_mark 'if ($?prompt && $?REZUP_PROMPT && $?_rezup_prompt && $?_rezup_mark) eval "$_rezup_mark:q"'
        if ("$_rezup_precmd:q" == "") then
            alias precmd _rezup_mark
        else
            alias _rezup_user_precmd "$_rezup_precmd:q"
            alias precmd '_rezup_user_precmd; _rezup_mark'
        endif
    endif
    unset _rezup_precmd
else
    unset _rezup_prompt
endif

unset _rezup_bin _rezup_completion
