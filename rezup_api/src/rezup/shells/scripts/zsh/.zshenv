# First start-up file of a zsh in a container, found through ZDOTDIR. It steps aside at once: the
# files that follow are the user's and the system's, read by zsh itself. The rest waits for the
# first prompt.

if (( ${+_REZUP_ZDOTDIR} )); then
    export ZDOTDIR="$_REZUP_ZDOTDIR"
else
    unset ZDOTDIR
fi
# Plain shell variables from here on: what the user's files start must not inherit them.
_rezup_bin="${_REZUP_BIN-}"
_rezup_completion="${_REZUP_COMPLETION-}"
unset _REZUP_ZDOTDIR _REZUP_BIN _REZUP_COMPLETION

if [[ -o interactive ]]; then
    # Before the first prompt, or, should a start-up file empty that list, the first command.
    typeset -ga precmd_functions preexec_functions
    precmd_functions+=(_rezup_start)
    preexec_functions+=(_rezup_start)
fi

_rezup_start() {
    emulate -L zsh
    precmd_functions=("${(@)precmd_functions:#_rezup_start}" _rezup_mark)
    preexec_functions=("${(@)preexec_functions:#_rezup_start}")
    if [[ -n "${_rezup_bin-}" ]]; then
        local -a folders=("${(@s.:.)_rezup_bin}")
        path=("${(@)folders}" "${(@)path:|folders}")
    fi
    if [[ -n "${_rezup_completion-}" ]]; then
        source "$_rezup_completion"
        _rezup_mend_completion
    fi
    unset _rezup_bin _rezup_completion
    unfunction _rezup_start _rezup_mend_completion
    # The other hooks of this very prompt come after us, and may set the prompt: once more behind
    # them. Where zsh lacks the module, the mark may be late by one prompt.
    zmodload zsh/sched 2>/dev/null && sched +0 _rezup_mark
    _rezup_mark
}

# Rez's function for zsh answers in the variable of bash, so nothing would ever be offered.
_rezup_mend_completion() {
    [[ "${functions[_rez_complete_fn]-}" == *COMPREPLY* ]] || return 0
    _rez_complete_fn() {
        local line point
        read -l line
        read -ln point
        reply=(${(f)"$(COMP_LINE=$line COMP_POINT=$((point - 1)) _rez-complete 2>/dev/null)"})
        reply=(${(s: :)reply})
    }
}

# Before each prompt and after all else there, since prompt themes set PROMPT anew each time.
_rezup_mark() {
    local mark="${REZUP_PROMPT-}"
    if [[ -o promptpercent ]]; then mark="${mark//\%/%%}"; fi
    if [[ -o promptbang ]]; then mark="${mark//\!/!!}"; fi
    if [[ -o promptsubst ]]; then
        mark="${mark//\\/\\\\}"
        mark="${mark//\$/\\$}"
        mark="${mark//\`/\\\`}"
    fi
    # The text or an option may have changed since.
    PROMPT="${PROMPT#"${_rezup_marked-}"}"
    typeset -g +x _rezup_marked=
    # Start-up files written for rezup 2 put the text into the prompt themselves.
    if [[ "$PROMPT" != *REZUP_PROMPT* && "$PROMPT" != *"${REZUP_PROMPT-}"* ]]; then
        _rezup_marked="$mark"
        PROMPT="$mark$PROMPT"
    fi
}

if [[ -r "${ZDOTDIR:-$HOME}/.zshenv" ]]; then
    source "${ZDOTDIR:-$HOME}/.zshenv"
fi
