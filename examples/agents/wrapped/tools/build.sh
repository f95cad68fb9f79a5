# Builds what the prompt asks for, and keeps what it has built before.
prompt=$(cat)
mkdir -p src
asked() { printf '%s' "$prompt" | grep -q "$1" || grep -qs "$2" src/slugify.sh; }
program='printf "%s\n" "$1" | tr " " "-"'
if asked 'upper case' 'tr A-Z'; then program="$program | tr A-Z a-z"; fi
if asked 'characters' 'cut -c'; then program="$program | cut -c 1-40"; fi
printf '%s\n' "$program" > src/slugify.sh
echo "wrote src/slugify.sh"
