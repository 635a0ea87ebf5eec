/* SPDX-License-Identifier: GPL-2.0-or-later */
/* reloadsim completion bash: from the schema, so that it knows every key. */
#include <string.h>

#include "sim/cli/cli.h"
#include "sim/scenario/schema.h"

int completion_main(int argc, char **argv)
{
    if (argc != 2 || strcmp(argv[1], "bash") != 0)
        return cli_usage("completion", "there is bash");
    puts("# bash completion of reloadsim: source <(reloadsim completion bash)\n"
         "_reloadsim() {\n"
         "    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} command=${COMP_WORDS[1]} "
         "options=\n"
         "    local commands='run resume check explain report compare decode doctor completion help'");
    fputs("    local keys='", stdout);
    for (size_t i = 0; i < schema_count; i++)
        if (!strchr(schema[i].path, '['))
            printf("%s%s", i ? " " : "", schema[i].path);
    puts("'\n"
         "    if [ \"$COMP_CWORD\" -eq 1 ]; then COMPREPLY=($(compgen -W \"$commands --help --version\" -- "
         "\"$word\")); return; fi\n"
         "    case $before in\n"
         "    --set) COMPREPLY=($(compgen -W \"$keys\" -S = -- \"$word\")); compopt -o nospace; return ;;\n"
         "    -o | --out) COMPREPLY=($(compgen -d -- \"$word\")); return ;;\n"
         "    --engine) COMPREPLY=($(compgen -W 'heap windows' -- \"$word\")); return ;;\n"
         "    --threads) COMPREPLY=($(compgen -W 'auto always never' -- \"$word\")); return ;;\n"
         "    --progress) COMPREPLY=($(compgen -W 'auto tty json off' -- \"$word\")); return ;;\n"
         "    esac\n"
         "    case $command in\n"
         "    run) options='-o --set --engine --window --partitions --threads --ranks --progress --replications --quiet' ;;\n"
         "    resume) options='-o --set --engine --window --partitions --threads --ranks --progress --quiet' ;;\n"
         "    check) options='--set --json --resolved' ;;\n"
         "    explain) COMPREPLY=($(compgen -W \"$keys laws units presets metrics --json --markdown\" -- \"$word\")); "
         "return ;;\n"
         "    report) options='--gnuplot --json --quiet' ;;\n"
         "    compare) options='--json --quiet --all' ;;\n"
         "    decode) options='--roundtrip --json --tree --transaction --port' ;;\n"
         "    doctor) options='--json --memory --set --partitions' ;;\n"
         "    completion) COMPREPLY=($(compgen -W bash -- \"$word\")); return ;;\n"
         "    help) COMPREPLY=($(compgen -W \"$commands status\" -- \"$word\")); return ;;\n"
         "    esac\n"
         "    case $word in\n"
         "    -*) COMPREPLY=($(compgen -W \"$options --help\" -- \"$word\")) ;;\n"
         "    *) COMPREPLY=($(compgen -f -- \"$word\")) ;;\n"
         "    esac\n"
         "}\n"
         "complete -o filenames -F _reloadsim reloadsim");
    return CLI_DONE;
}
