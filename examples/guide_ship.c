// A C program that knows nothing of Croton: it calls what guide_ship.cpp exported.
// [call]
#include <stdio.h>

#include "calibrate.h"

int main(void)
{
    _Alignas(64) static char workspace[4096];
    const double score[3] = {-1, 0, 40};
    double p[3], odds[3];
    struct ct_report report;
    if (calibrate_call_workspace_bytes(3) > (int64_t)sizeof workspace) return 1;
    const int32_t code = calibrate_call(3, score, calibrate_shared(0), calibrate_shared(1), p, odds,
                                        workspace, 0, &report);
    if (code != 0) {
        fprintf(stderr, "%s\n", calibrate_failure(code));
        return 1;
    }
    printf("from C  %.4f %.4f %.4f, odds %.4g\n", p[0], p[1], p[2], odds[2]);
    return 0;
}
// [/call]
