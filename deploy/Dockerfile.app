# Our programs and the command line. One image for all of them: compose gives each its command.
FROM python:3.12-slim-trixie AS build
WORKDIR /build
COPY requirements/bootstrap.txt requirements/app.txt ./
RUN python -m venv /opt/radiotheque \
    && /opt/radiotheque/bin/pip install --no-cache-dir --require-hashes -r bootstrap.txt \
    && /opt/radiotheque/bin/uv pip install --no-cache --require-hashes \
        --python /opt/radiotheque/bin/python -r app.txt
COPY . /app
# Editable: SQL, templates and scripts lie beside the code, as in a clone.
RUN /opt/radiotheque/bin/uv pip install --no-cache --no-deps --no-build-isolation \
        --python /opt/radiotheque/bin/python --editable /app

FROM python:3.12-slim-trixie
RUN useradd --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin radiotheque \
    && install -d -o radiotheque -g radiotheque /var/lib/radiotheque /models
COPY --from=build /opt/radiotheque /opt/radiotheque
COPY --from=build /app /app
ENV PATH=/opt/radiotheque/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
USER 10001:10001
WORKDIR /var/lib/radiotheque
ENTRYPOINT ["/app/deploy/entrypoint.sh"]
CMD ["radiotheque", "--help"]
