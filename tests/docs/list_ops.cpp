// Prints the name of every op, one a line.
#include <croton/ir/op.hpp>
#include <croton/ir/ops.hpp>

#include <cstdio>
#include <string>

int main()
{
    for (const croton::Op* op : croton::all_ops())
        std::printf("%s\n", std::string(op->name).c_str());
}
