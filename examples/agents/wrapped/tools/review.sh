# Tries what was built.
cat > /dev/null
slug=$(sh src/slugify.sh 'Ada Lovelace')
if [ "$slug" = ada-lovelace ]; then
  echo APPROVED
else
  echo "- 'Ada Lovelace' becomes '$slug', in upper case"
  echo CHANGES REQUESTED
fi
