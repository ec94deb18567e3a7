# fish completion for irqlab. tests/cli holds it to what `irqlab COMMAND --help` says.

function __irqlab_names # KIND ...: first words of the lines of `irqlab list KIND`
    for kind in $argv
        irqlab list $kind 2>/dev/null | string replace -r '\s.*' ''
    end
end

function __irqlab_explainable
    __irqlab_names rules functions callbacks bugchecks
    irqlab list bugchecks 2>/dev/null | string replace -r '^\S+\s+(\S+).*' '$1'
    irqlab list statuses 2>/dev/null | string replace -r '^\S+\s+(\S+).*' '$1'
end

complete -c irqlab -n __fish_use_subcommand -f -a run -d 'run scenarios and say whether they come out as expected'
complete -c irqlab -n __fish_use_subcommand -f -a explore -d 'search many schedules for failures'
complete -c irqlab -n __fish_use_subcommand -f -a merge -d 'join what several machines explored'
complete -c irqlab -n __fish_use_subcommand -f -a replay -d 'run one schedule of a scenario again, from its line'
complete -c irqlab -n __fish_use_subcommand -f -a shrink -d 'make a failing schedule minimal, and the scenario around it'
complete -c irqlab -n __fish_use_subcommand -f -a when -d 'say at which choice of a schedule its failure was decided'
complete -c irqlab -n __fish_use_subcommand -f -a trace -d 'print every event of a run'
complete -c irqlab -n __fish_use_subcommand -f -a list -d 'list scenarios, rules, bug checks, functions'
complete -c irqlab -n __fish_use_subcommand -f -a explain -d 'explain a rule, a bug check, a function or a status'
complete -c irqlab -n __fish_use_subcommand -f -a bench -d 'measure how fast scenarios run'
complete -c irqlab -n __fish_use_subcommand -f -a test -d 'build everything and run the tests (./irqlab test, in a checkout)'
complete -c irqlab -n __fish_use_subcommand -l version -d 'print the version'
complete -c irqlab -s h -l help -d 'help'

complete -c irqlab -n '__fish_seen_subcommand_from run replay shrink when trace bench' -a '(__irqlab_names scenarios)'

complete -c irqlab -n '__fish_seen_subcommand_from run' -l shrink -d 'make the reported schedule minimal first'
complete -c irqlab -n '__fish_seen_subcommand_from run' -s v -l verbose -d 'print every report'
complete -c irqlab -n '__fish_seen_subcommand_from run' -s q -l quiet -d 'print only what is not as expected'
complete -c irqlab -n '__fish_seen_subcommand_from run shrink' -x -l schedules -d 'how many schedules are explored'
complete -c irqlab -n '__fish_seen_subcommand_from run' -x -l first -d 'number of the first'
complete -c irqlab -n '__fish_seen_subcommand_from run' -x -s j -l jobs -d 'how many run at a time'
complete -c irqlab -n '__fish_seen_subcommand_from run' -x -l timeout -d 'end a scenario after so many seconds'
complete -c irqlab -n '__fish_seen_subcommand_from run' -r -l junit -d 'write JUnit XML'
complete -c irqlab -n '__fish_seen_subcommand_from run explore' -l coverage -d 'tell what was exercised'
complete -c irqlab -n '__fish_seen_subcommand_from run' -r -l lcov -d 'write lines as a trace file of lcov'
complete -c irqlab -n '__fish_seen_subcommand_from run' -l json -d 'print one JSON document'
complete -c irqlab -n '__fish_seen_subcommand_from run replay shrink explain' -x -l color -a 'auto always never' -d 'colours'
complete -c irqlab -n '__fish_seen_subcommand_from run' -l no-sandbox -d 'do not restrict system calls'

complete -c irqlab -n '__fish_seen_subcommand_from run explore shrink' -x -l policy -a '(__irqlab_names policies)' -d 'who chooses the schedules'
complete -c irqlab -n '__fish_seen_subcommand_from run explore shrink' -x -l seed -d 'seed of the first'
complete -c irqlab -n '__fish_seen_subcommand_from run explore shrink' -x -l depth -d 'bug depth that pct aims at'
complete -c irqlab -n '__fish_seen_subcommand_from run explore shrink' -x -l preemptions -d 'at most so many preemptions'
complete -c irqlab -n '__fish_seen_subcommand_from run explore shrink' -x -l delays -d 'at most so many departures from the natural schedule'
complete -c irqlab -n '__fish_seen_subcommand_from run explore shrink' -l accesses -d 'each memory access is a place to switch'
complete -c irqlab -n '__fish_seen_subcommand_from run explore shrink' -x -l vary -a 'resident allocation irql reply status packet grant worker placement all' -d 'what else is explored'
complete -c irqlab -n '__fish_seen_subcommand_from run' -l what-can-vary -d 'list the choices of the natural schedule'
complete -c irqlab -n '__fish_seen_subcommand_from run' -l faults -d 'let each thing that can fail do so once'
complete -c irqlab -n '__fish_seen_subcommand_from run' -l fault-pairs -d 'then every two of them'
complete -c irqlab -n '__fish_seen_subcommand_from run explore shrink replay trace' -l races -d 'look for data races, too'
complete -c irqlab -n '__fish_seen_subcommand_from explore' -l no-races -d 'do not look for data races'
complete -c irqlab -n '__fish_seen_subcommand_from run explore shrink' -l merge-states -d 'do not go on from a state seen before'
complete -c irqlab -n '__fish_seen_subcommand_from run explore shrink' -l at-once -d 'do not go by the number of preemptions'
complete -c irqlab -n '__fish_seen_subcommand_from run explore shrink' -l clock -d 'the clock may tick while all are held up'
complete -c irqlab -n '__fish_seen_subcommand_from run explore shrink' -l saved-states -x -d 'memory for states to go on from'

complete -c irqlab -n '__fish_seen_subcommand_from explore' -x -l schedules -d 'run the schedules below this number'
complete -c irqlab -n '__fish_seen_subcommand_from explore' -x -l for -d 'search so long'
complete -c irqlab -n '__fish_seen_subcommand_from explore' -l until-saturated -d 'search until hardly anything is new'
complete -c irqlab -n '__fish_seen_subcommand_from explore' -l until-found -d 'search until a failure is found'
complete -c irqlab -n '__fish_seen_subcommand_from explore' -x -s j -l jobs -d 'how many worker processes'
complete -c irqlab -n '__fish_seen_subcommand_from explore' -x -l shard -d 'run only part I of N'
complete -c irqlab -n '__fish_seen_subcommand_from explore' -r -s o -l out -d 'keep what is done in a folder'
complete -c irqlab -n '__fish_seen_subcommand_from explore' -r -l report -d 'tell what a folder holds'
complete -c irqlab -n '__fish_seen_subcommand_from explore' -l no-shrink -d 'do not make failing schedules minimal'
complete -c irqlab -n '__fish_seen_subcommand_from explore' -s q -l quiet -d 'tell nothing before the end'
complete -c irqlab -n '__fish_seen_subcommand_from explore' -l json -d 'print one JSON document'
complete -c irqlab -n '__fish_seen_subcommand_from explore merge' -x -l color -a 'auto always never' -d 'colours'
complete -c irqlab -n '__fish_seen_subcommand_from explore' -l no-sandbox -d 'do not restrict system calls'

complete -c irqlab -n '__fish_seen_subcommand_from replay' -x -s n -l times -d 'run it so many times'
complete -c irqlab -n '__fish_seen_subcommand_from replay' -x -l stop-at -d 'what stands where behind that event'
complete -c irqlab -n '__fish_seen_subcommand_from replay' -l step -d 'event by event, forwards and backwards'
complete -c irqlab -n '__fish_seen_subcommand_from replay' -l gdb -d 'gdb, stopped in the driver'
complete -c irqlab -n '__fish_seen_subcommand_from replay' -x -l gdb-command -d 'what gdb does there'
complete -c irqlab -n '__fish_seen_subcommand_from replay' -x -l nearby -d 'look through so many schedules near it'

complete -c irqlab -n '__fish_seen_subcommand_from shrink' -r -s o -l output -d 'write the shrunk scenario'
complete -c irqlab -n '__fish_seen_subcommand_from shrink' -x -l budget -d 'at most so many runs'
complete -c irqlab -n '__fish_seen_subcommand_from shrink' -x -l others -d 'begin also from so many other failures'
complete -c irqlab -n '__fish_seen_subcommand_from shrink' -l keep-scenario -d 'shrink the schedule alone'

complete -c irqlab -n '__fish_seen_subcommand_from when' -x -s n -l draws -d 'how many schedules are drawn behind a choice'
complete -c irqlab -n '__fish_seen_subcommand_from when' -x -l budget -d 'at most so many runs, to have run all'
complete -c irqlab -n '__fish_seen_subcommand_from when' -x -l seed -d 'what is drawn depends on it'
complete -c irqlab -n '__fish_seen_subcommand_from when' -l accesses -d 'each memory access is a place to switch'
complete -c irqlab -n '__fish_seen_subcommand_from when' -l clock -d 'the clock may tick while all are held up'
complete -c irqlab -n '__fish_seen_subcommand_from when' -l races -d 'look for data races, too'
complete -c irqlab -n '__fish_seen_subcommand_from when' -l json -d 'print one JSON document'
complete -c irqlab -n '__fish_seen_subcommand_from when' -x -l color -a 'auto always never' -d 'colours'

complete -c irqlab -n '__fish_seen_subcommand_from trace' -l boot -d 'begin with the boot'
complete -c irqlab -n '__fish_seen_subcommand_from trace' -l json -d 'one JSON object a line'

complete -c irqlab -n '__fish_seen_subcommand_from list' -a 'scenarios rules bugchecks functions callbacks statuses policies'

complete -c irqlab -n '__fish_seen_subcommand_from explain' -f -a '(__irqlab_explainable)'

complete -c irqlab -n '__fish_seen_subcommand_from bench' -x -l seconds -d 'how long each is run'
complete -c irqlab -n '__fish_seen_subcommand_from bench' -l policies -d 'compare the policies'
complete -c irqlab -n '__fish_seen_subcommand_from bench' -l systematic -d 'all there are, by each method'
complete -c irqlab -n '__fish_seen_subcommand_from bench' -l growth -d 'what more of everything costs'
complete -c irqlab -n '__fish_seen_subcommand_from bench' -x -l policy -d 'one of them alone'
complete -c irqlab -n '__fish_seen_subcommand_from bench' -l shrink -d 'how short failures become'
complete -c irqlab -n '__fish_seen_subcommand_from bench' -x -l seeds -d 'searches of each'
complete -c irqlab -n '__fish_seen_subcommand_from bench' -x -l schedules -d 'of a search, at most'
complete -c irqlab -n '__fish_seen_subcommand_from bench' -l json -d 'print JSON'
