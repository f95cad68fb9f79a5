# What every version has to do.
test "$(sh src/slugify.sh 'ada lovelace')" = ada-lovelace
