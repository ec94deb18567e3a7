# bash completion for irqlab. tests/cli holds it to what `irqlab COMMAND --help` says.

_irqlab_names() { # KIND: first words of the lines of `irqlab list KIND`
  "${COMP_WORDS[0]}" list "$1" 2>/dev/null | sed 's/[[:space:]].*//'
}

_irqlab_values() { # CURRENT PREVIOUS: values of the option before; false when it takes none
  case $2 in
    --color) mapfile -t COMPREPLY < <(compgen -W 'auto always never' -- "$1") ;;
    --policy) mapfile -t COMPREPLY < <(compgen -W "$(_irqlab_names policies)" -- "$1") ;;
    --vary) mapfile -t COMPREPLY < <(compgen -W 'resident allocation irql reply status packet grant worker placement all' -- "$1") ;;
    --junit | --lcov | --output | -o) mapfile -t COMPREPLY < <(compgen -f -- "$1") ;;
    --stop-at | --gdb-command | --nearby | --budget | --others | --schedules | --for | --shard | --seed | --first | --depth | --preemptions | --delays | --jobs | -j | --timeout | --times | -n | --draws | --seconds) COMPREPLY=() ;;
    *) return 1 ;;
  esac
}

_irqlab() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} command=${COMP_WORDS[1]} options names=
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    mapfile -t COMPREPLY < <(compgen -W 'run explore merge replay shrink when trace list explain bench test --help --version' -- "$current")
    return
  fi
  _irqlab_values "$current" "$previous" && return
  case $command in
    run) options='--verbose --quiet --shrink --schedules --policy --seed --first --depth --preemptions --delays --accesses --merge-states --at-once --clock --saved-states --races --vary --what-can-vary --faults --fault-pairs --jobs --timeout --junit --coverage --lcov --json --color --no-sandbox' ;;
    replay) options='--races --times --stop-at --step --gdb --gdb-command --nearby --color' ;;
    shrink) options='--output --budget --others --keep-scenario --schedules --policy --seed --depth --preemptions --delays --accesses --merge-states --at-once --clock --saved-states --races --vary --color' ;;
    when) options='--draws --budget --seed --accesses --clock --races --json --color' ;;
    trace) options='--races --boot --json' ;;
    explore) options='--schedules --for --until-saturated --until-found --policy --seed --vary --depth --preemptions --delays --accesses --races --no-races --merge-states --at-once --clock --saved-states --jobs --shard --out --report --no-shrink --coverage --quiet --json --color --no-sandbox' ;;
    merge) options='--color' ;;
    list) options= ;;
    explain) options='--color' ;;
    bench) options='--seconds --policies --shrink --systematic --growth --policy --seeds --schedules --json' ;;
    *) return ;;
  esac
  case $current in -*)
    mapfile -t COMPREPLY < <(compgen -W "$options --help" -- "$current")
    return
    ;;
  esac
  case $command in
    run | explore | replay | shrink | when | trace | bench) names=$(_irqlab_names scenarios) ;;
    list) [ "$COMP_CWORD" -eq 2 ] && names='scenarios rules bugchecks functions callbacks statuses policies' ;;
    explain)
      names="$(_irqlab_names rules) $(_irqlab_names functions) $(_irqlab_names callbacks)
        $("${COMP_WORDS[0]}" list bugchecks | awk '{print $1, $2}') $("${COMP_WORDS[0]}" list statuses | awk '{print $2}')"
      ;;
  esac
  mapfile -t COMPREPLY < <(compgen -W "$names" -- "$current")
  case $command in run | explore | merge | replay | shrink | when | trace | bench | list)
    mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -f -- "$current")
    ;;
  esac
}

complete -o filenames -F _irqlab irqlab
