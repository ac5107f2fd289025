# Start-up file of an interactive POSIX shell in a container, found through ENV.
# Keeps to what dash, busybox ash and bash (as sh) have in common.

_rezup_bin=${_REZUP_BIN-}
if [ -n "${_REZUP_ENV+set}" ]; then
    ENV=$_REZUP_ENV
    export ENV
else
    unset ENV
fi
unset _REZUP_BIN _REZUP_ENV _REZUP_SCRIPT

# What the shell itself does with the user's ENV: expand it, then read the file, from here if it
# has no folder. A value with quotes in it can't be expanded by eval and is taken as it is.
_rezup_env=${ENV-}
case $_rezup_env in
    *[\"\`\\]*) ;;
    *\$*) eval "_rezup_env=\"$_rezup_env\"" ;;
esac
case $_rezup_env in
    '' | */*) ;;
    *) _rezup_env=./$_rezup_env ;;
esac
if [ -n "$_rezup_env" ] && [ -f "$_rezup_env" ] && [ -r "$_rezup_env" ]; then
    . "$_rezup_env"
fi

# The revision's folders first on PATH, and nowhere else in it.
if [ -n "$_rezup_bin" ]; then
    _rezup_rest=":${PATH-}:"
    _rezup_left="$_rezup_bin:"
    while [ -n "$_rezup_left" ]; do
        _rezup_folder=${_rezup_left%%:*}
        _rezup_left=${_rezup_left#*:}
        while :; do
            case $_rezup_rest in
                *":$_rezup_folder:"*)
                    _rezup_rest="${_rezup_rest%%":$_rezup_folder:"*}:${_rezup_rest#*":$_rezup_folder:"}"
                    ;;
                *) break ;;
            esac
        done
    done
    _rezup_rest=${_rezup_rest#:}
    _rezup_rest=${_rezup_rest%:}
    PATH=$_rezup_bin${_rezup_rest:+:$_rezup_rest}
fi

# Expanded at each prompt, so whatever the text holds stays text. Start-up files written for
# rezup 2 put it there themselves.
case ${PS1-} in
    *REZUP_PROMPT* | *"${REZUP_PROMPT-}"*) ;;
    *) PS1='${REZUP_PROMPT-}'${PS1-} ;;
esac

unset _rezup_bin _rezup_env _rezup_rest _rezup_left _rezup_folder
