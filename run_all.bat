@echo off & setlocal DisableDelayedExpansion & set "PYTHONUTF8=1" & set "PY=python"
rem Finds a Python and hands over to marcus_nb\bootstrap.py. Explorer's double-click, and only it, ends its command in run_all.bat" ": then wait.
py -3 -c "" <nul >nul 2>nul
if %ERRORLEVEL% equ 0 set "PY=py -3"
if defined MARCUS_PYTHON set "MARCUS_PYTHON=%MARCUS_PYTHON:"=%"
if defined MARCUS_PYTHON "%MARCUS_PYTHON%" -c "" <nul >nul 2>nul
if defined MARCUS_PYTHON if %ERRORLEVEL% equ 0 set PY="%MARCUS_PYTHON%"
%PY% "%~dp0marcus_nb\bootstrap.py" %*
set "CODE=%ERRORLEVEL%"
if %CODE% equ 9009 echo Marcus found no Python. Install Python 3.12 from python.org, or set MARCUS_PYTHON to a python.exe that starts. 1>&2
set "LINE=%CMDCMDLINE:"=%"
if /i "%LINE:~-12%"=="run_all.bat " pause
exit /b %CODE%
