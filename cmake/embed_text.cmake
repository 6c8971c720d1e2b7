# cmake -DINPUT=file -DOUTPUT=x.c -DNAME=function -DHEADER=include -P embed_text.cmake
# A text file as a C function that returns it, so that the programs run without the file.
file(READ "${INPUT}" bytes HEX)
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
string(REGEX REPLACE "(0x[0-9a-f][0-9a-f],0x[0-9a-f][0-9a-f],0x[0-9a-f][0-9a-f],0x[0-9a-f][0-9a-f],0x[0-9a-f][0-9a-f],0x[0-9a-f][0-9a-f],0x[0-9a-f][0-9a-f],0x[0-9a-f][0-9a-f],)"
  "\\1\n" bytes "${bytes}")
get_filename_component(name "${INPUT}" NAME)
file(WRITE "${OUTPUT}" "/* Made from ${name}. */
#include \"${HEADER}\"

static const unsigned char bytes[] = {
${bytes}
};

struct text ${NAME}(void)
{
    return (struct text){(const char *)bytes, sizeof bytes};
}
")
