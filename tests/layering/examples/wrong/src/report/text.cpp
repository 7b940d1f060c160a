// SPDX-License-Identifier: Apache-2.0
#include "minidump/minidump.h"
#include "base/result.h"
#include <windows.h>
#include <spdlog/spdlog.h>
#include "report.h"
#include "pdb/pdb.h"
#if defined(_WIN32)
#endif
