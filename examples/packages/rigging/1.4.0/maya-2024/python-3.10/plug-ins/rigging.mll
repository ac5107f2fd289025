the plug-in for maya-2024
