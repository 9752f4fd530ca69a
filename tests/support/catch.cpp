// The translation unit whose build precompiles the framework's header for all test programs.
#include "support/catch.hpp"
