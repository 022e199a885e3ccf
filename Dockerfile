FROM node:22-slim AS app
WORKDIR /src/frontend
COPY frontend/ ./
RUN npm ci --no-audit --no-fund && npm run build

FROM python:3.12-slim
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 DATA_DIR=/data
WORKDIR /srv/studybeat
COPY requirements.txt ./
RUN pip install --no-cache-dir --require-hashes -r requirements.txt
COPY manage.py ./
COPY lms/ lms/
COPY users/ users/
COPY courses/ courses/
COPY realtime/ realtime/
COPY --from=app /src/frontend/app/dist frontend/app/dist
RUN SECRET_KEY=only-to-collect python manage.py collectstatic --noinput \
    && useradd --system studybeat && mkdir /data && chown studybeat /data
USER studybeat
VOLUME /data
EXPOSE 8000
HEALTHCHECK CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8000/healthz', timeout=3)"]
CMD ["python", "-m", "lms.server", "--host", "0.0.0.0", "--workers", "2"]
