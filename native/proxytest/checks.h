// What the parts of the proxy's test program share.
#pragma once

#include <opcda.h>

#include <string>

#include "../common/com/com_ptr.h"

namespace understudy::proxytest {

// Prints and counts what is not as wanted.
void Expect(const char* what, HRESULT got, HRESULT wanted);
void Check(const char* what, bool is_well);
int Failures();

// Of objects that come by way of the EXE: they are of this process like all others, whatever COM's marshaling does.
void Marshaling(REFCLSID clsid);
// What the DLL makes of data that the EXE did not write.
void AlteredPassports(REFCLSID clsid);
// Holds a named pipe until a line comes, then tells its access list; the program's exit code.
int ServePipe(const std::wstring& name);

}  // namespace understudy::proxytest
