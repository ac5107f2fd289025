# Start-up file of an interactive bash in a container, read in place of ~/.bashrc.
# Where bash has a system-wide bashrc compiled in, it has been read already. Works from bash 3.2 on.

# Plain shell variables from here on: what the user's file starts must not inherit them.
_rezup_bin=${_REZUP_BIN-}
_rezup_completion=${_REZUP_COMPLETION-}
unset _REZUP_BIN _REZUP_COMPLETION

if [ -r ~/.bashrc ]; then
    . ~/.bashrc
fi

# bash of Git for Windows and Cygwin is handed a Windows list, and has its own form of PATH.
case ${OSTYPE-} in
    msys* | cygwin*) if [ -n "$_rezup_bin" ]; then _rezup_bin=$(cygpath -u -p "$_rezup_bin"); fi ;;
esac

# The folders in $1 first on PATH, and nowhere else in it.
_rezup_path_first() {
    local rest=":${PATH-}:" left="$1:" folder
    while [ -n "$left" ]; do
        folder=${left%%:*}
        left=${left#*:}
        while [[ $rest == *":$folder:"* ]]; do
            rest="${rest%%":$folder:"*}:${rest#*":$folder:"}"
        done
    done
    rest=${rest#:}
    rest=${rest%:}
    PATH=$1${rest:+:$rest}
}

# Before each prompt and after all else there, since prompt frameworks set PS1 anew each time.
_rezup_mark() {
    local mark='${REZUP_PROMPT-}'
    if ! shopt -q promptvars; then
        # Without expansion in prompts the text itself goes in, and only a backslash is special.
        mark=${REZUP_PROMPT-}
        mark=${mark//\\/\\\\}
    fi
    # Start-up files written for rezup 2 put the text into PS1 themselves.
    case ${PS1-} in
        *REZUP_PROMPT* | *"${REZUP_PROMPT-}"* | *"$mark"*) ;;
        *) PS1=$mark${PS1-} ;;
    esac
}

if [ -n "$_rezup_bin" ]; then
    _rezup_path_first "$_rezup_bin"
fi
if [ -n "$_rezup_completion" ]; then
    . "$_rezup_completion"
fi
_rezup_mark
unset _rezup_bin _rezup_completion
unset -f _rezup_path_first

# The very last, since some sites make the variable read-only, and bash gives up a file at that.
if ((BASH_VERSINFO[0] * 100 + BASH_VERSINFO[1] >= 501)); then
    PROMPT_COMMAND+=(_rezup_mark)
else
    # A line of its own: what stands there may end with a semicolon or a comment.
    PROMPT_COMMAND="${PROMPT_COMMAND:+$PROMPT_COMMAND
}_rezup_mark"
fi
