// After both using-directives a few names are two things; what std has too is Croton's otherwise.
#include <croton/croton.hpp>

#include <any>
#include <cmath>
#include <functional>
#include <numeric>
#include <stack>
#include <string>
#include <valarray>
#include <vector>

using namespace std;
using namespace croton;

string mixed(const Variable& x, const Variable& y)
{
#ifdef CROTON_TRAP
    const Variables both{croton::any(x), croton::stack({x, y})};
    return to_string(function({x, y}, both).call({}).size());
#else
    const Variable larger = max(min(x, 2.0), y) + pow(abs(x), y) + round(exp(x)) + iota({3}, 0);
    return to_string(larger.type()) + to_string(1);
#endif
}
