# For the tests train-*: two small texts, and a training of a few updates on them. Sourced.
LINES=120 "$HERE/../../resume/texts" .
train() {
    "$HONYAKU" train --src train.source --tgt train.target --out out --preset tiny --hidden 16 --embedding 8 --readout 8 \
        --vocabulary 320 --joint --batch-tokens 200 --warmup 2 --max-updates 4 --validate-every 2 --save-every 2 \
        --log-every 1 --threads 1 "$@"
}
valid='--valid-src valid.source --valid-tgt valid.target --valid-lines 2'
# Says with which status a command failed.
fails() {
    "$@" || echo "status $?"
}
