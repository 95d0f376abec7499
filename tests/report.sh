# For checks in shell: `report NAME [FILE…]` right behind a command prints "passed NAME" where it succeeded, else
# "failed NAME: " and what the files hold. Nothing may come between, not even a substitution among the words: it would
# leave a status of its own.
report() {
    local status=$? name=$1
    shift
    if [ "$status" -eq 0 ]; then echo "passed $name"; else echo "failed $name: status $status: $(cat -- "$@" /dev/null 2>&1)"; fi
}
