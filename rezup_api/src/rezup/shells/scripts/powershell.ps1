# First command of an interactive PowerShell in a container; all profiles have been read by now.
# Evaluated in the global scope.

# The revision's folders first on PATH, and nowhere else in it.
if ($env:_REZUP_BIN) {
    $_rezup_separator = if ($env:OS -eq 'Windows_NT') { ';' } else { ':' }
    $_rezup_folders = @($env:_REZUP_BIN -split $_rezup_separator)
    $_rezup_rest = @($env:PATH -split $_rezup_separator | Where-Object { $_ -cnotin $_rezup_folders })
    $env:PATH = ($_rezup_folders + $_rezup_rest) -join $_rezup_separator
    Remove-Variable -Name _rezup_separator, _rezup_folders, _rezup_rest
}
Remove-Item -Path Env:_REZUP_BIN, Env:_REZUP_SCRIPT, Env:_REZUP_COMPLETION -ErrorAction SilentlyContinue

# First a function of that name in the global scope, then the user's in its place.
function global:_rezup_user_prompt { 'PS> ' }
if (Test-Path -Path Function:prompt) {
    Copy-Item -Path Function:prompt -Destination Function:_rezup_user_prompt
}
function global:prompt {
    # The user's first, for it to see the status of their command and not of one of ours.
    $text = (& $Function:_rezup_user_prompt) -join ''
    # Profiles written for rezup 2 show the text themselves.
    if ($env:REZUP_PROMPT -and -not $text.Contains($env:REZUP_PROMPT)) { $text = $env:REZUP_PROMPT + $text }
    $text
}
