// Writes the prelude with all of its functions to the file named by the argument.
#include <croton/codegen/prelude.hpp>

#include <cstdio>
#include <fstream>
#include <string>

int main(int argc, char** argv)
{
    if (argc != 2) {
        std::fputs("usage: write_prelude FILE\n", stderr);
        return 2;
    }
    std::string names;
    for (std::string_view name : croton::codegen::prelude_functions())
        names.append(name).append(" ");
    std::ofstream file(argv[1]);
    file << "#pragma once\n" << croton::codegen::prelude_for(names);
    return file.good() ? 0 : 1;
}
