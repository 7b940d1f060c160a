// SPDX-License-Identifier: Apache-2.0
#include <spdlog/spdlog.h>
#include <windows.h>
#include "base/result.h"
#include "minidump/minidump.h"
#include "pdb/pdb.h"
#include "report.h"
#if defined(_WIN32)
#endif
