// SPDX-License-Identifier: Apache-2.0
#ifdef _WIN32
#include <windows.h>
#endif
#include "report/report.h"
